"""Training of the network that measures nodules: on readers' outlines of real nodules and on drawn ones."""
