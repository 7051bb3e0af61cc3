"""What a charging cabinet decides; it reads no clock, moves no motor and writes no file."""
