"""What the Keras families share: layers, training and the model that they return. TensorFlow is imported inside."""
