"""What the names and headers of image files say: bands in files of their own, positions on the sky."""
