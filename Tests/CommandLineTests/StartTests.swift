#if os(Linux)
    import Testing

    /// What the process settles before its libraries start.
    @Suite struct StartTests {
        /// libgomp says what it was told when it was loaded.
        private func settings(_ environment: [String: String]) throws -> String {
            let all = environment.merging(["OMP_DISPLAY_ENV": "verbose"]) { $1 }
            let result = try run(commandURL, ["--version"], environment: all)
            #expect(result.status == 0)
            return result.errors
        }

        @Test func threadsOfOpenMPSpinShortly() throws {
            let told = try settings([:])
            // oneDNN may have been built with another pool of threads.
            guard told.contains("GOMP_SPINCOUNT") else { return }
            #expect(told.contains("GOMP_SPINCOUNT = '20000'"))
        }

        @Test func theUsersWordCounts() throws {
            let told = try settings(["GOMP_SPINCOUNT": "123"])
            guard told.contains("GOMP_SPINCOUNT") else { return }
            #expect(told.contains("GOMP_SPINCOUNT = '123'"))
            #expect(try !settings(["OMP_WAIT_POLICY": "passive"]).contains("GOMP_SPINCOUNT = '20000'"))
        }
    }
#endif
