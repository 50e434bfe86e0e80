import Tensors

/// What every function of this library throws: the kind of failure, where it happened, and what to do about it.
public typealias CNNOptError = Tensors.CNNOptError
