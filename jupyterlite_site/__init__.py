"""The build that turns the library, the lessons and the data into a static site."""
