"""Files in: scanning headers, their meaning, pixels; and valid Digital Mammography objects out."""
