#if canImport(Glibc)
    import CMalloc
#endif

/// How the process takes memory from the system.
enum Allocation {
    /// Blocks of 1 MiB and more go back to the system when they are freed. By itself glibc raises that limit to the largest block
    /// ever freed and keeps what is smaller, for each thread apart, so that the most memory a run takes depends on which
    /// thread happened to free what.
    static func install() {
        #if canImport(Glibc)
            mallopt(M_MMAP_THRESHOLD, 1 << 20)
        #endif
    }
}
