"""Shared by the Keras families: layers, training and the model. TensorFlow is imported inside functions."""
