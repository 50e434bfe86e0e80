/// A JUnit report, as CI systems read it.
package struct JUnit: Sendable {
    /// One check.
    package struct Case: Sendable {
        package var name: String
        /// Why it failed; nil where it held.
        package var failure: String?

        package init(name: String, failure: String? = nil) {
            self.name = name
            self.failure = failure
        }
    }

    package var suite: String
    package var cases: [Case]

    package init(suite: String, cases: [Case]) {
        self.suite = suite
        self.cases = cases
    }

    package var text: String {
        let failures = cases.filter { $0.failure != nil }.count
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<testsuites tests="\#(cases.count)" failures="\#(failures)">"#,
            #"  <testsuite name="\#(Markup.escaped(suite))" tests="\#(cases.count)" failures="\#(failures)" errors="0" skipped="0">"#,
        ]
        for check in cases {
            let head = #"    <testcase classname="\#(Markup.escaped(suite))" name="\#(Markup.escaped(check.name))""#
            if let failure = check.failure {
                lines += [head + ">", #"      <failure message="\#(Markup.escaped(failure))"/>"#, "    </testcase>"]
            } else {
                lines.append(head + "/>")
            }
        }
        return (lines + ["  </testsuite>", "</testsuites>", ""]).joined(separator: "\n")
    }
}
