"""The experiments that the Med-ST paper leaves open: every switch over several seeds, on one cohort."""
