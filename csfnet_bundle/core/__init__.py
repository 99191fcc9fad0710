"""What every layer uses: errors, the error hook, writing files, optional libraries and progress bars."""
