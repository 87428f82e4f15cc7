extension CPUBackend {
  /// The zero state of one recurrent layer, in float32 whatever the backend's precision: rounding errors
  /// would add up over a whole conversation.
  public func recurrentCache(_ shape: RecurrentShape) -> any RecurrentCache { CPURecurrentCache(shape) }
}
