import CKernels

/// The heap of the C library, which keeps freed memory.
public enum HeapMemory {
  /// Returns its free pages to the system. Takes a few milliseconds, in which other threads wait for memory.
  public static func trim() { sotto_trim_memory() }
}
