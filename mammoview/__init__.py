"""MammoView: read mammography studies with AI on the reader's own computer. Research software, not a medical device."""

__version__ = "0.1.0"
