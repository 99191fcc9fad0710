"""What is measured of a nodule in CT: which voxels it is, volume, diameters, attenuation, growth."""
