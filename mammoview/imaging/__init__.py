"""Image methods: numpy, OpenCV and scikit-image in, numpy out. No files, no DICOM, no torch."""
