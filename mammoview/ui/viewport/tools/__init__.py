"""What the mouse does over an image: a class for each way of drawing, and one that changes what was drawn."""
