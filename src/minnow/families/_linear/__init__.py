"""The model of `linear`: weights in arrays, without a framework."""
