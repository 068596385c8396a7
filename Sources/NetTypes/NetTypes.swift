// Values shared by every layer.
