"""Short programs that scientists would write, and the text that the demo counts the lines of."""
