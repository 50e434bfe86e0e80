import Foundation
import Reports
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct NumberTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func grouping(_ value: Int, _ text: String) { #expect(Numbers.grouped(value) == text) }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (13_018, "13.0 kB"), (999_600, "1.00 MB"),
        (3_970_169, "3.97 MB"),
    ])
    func byteUnits(_ count: Int, _ text: String) { #expect(Numbers.bytes(count) == text) }

    @Test func infinitiesAreSymbols() {
        #expect(Numbers.fixed(.infinity, digits: 1) == "∞")
        #expect(Numbers.fixed(-.infinity, digits: 1) == "-∞")
    }
}

@Suite struct TableTests {
    @Test func numbersAreAlignedRight() {
        let table = Table(columns: [("name", .left), ("size", .right)], rows: [["a", "1"], ["bcd", "1,000"]])
        #expect(table.text == "name  size\n---- -----\na        1\nbcd  1,000")
    }

    @Test func anEmptyTableSaysSo() {
        #expect(Table(title: "layers", columns: [("name", .left)]).text == "layers\n(none)")
    }
}

@Suite struct JUnitTests {
    final class Names: NSObject, XMLParserDelegate {
        var found: [String] = []
        func parser(
            _ parser: XMLParser,
            didStartElement element: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            found.append(element + (attributes["message"].map { ":" + $0 } ?? ""))
        }
    }

    @Test func theReportParsesWhateverTheNamesHold() throws {
        let report = JUnit(
            suite: "a<b>&\"'",
            cases: [.init(name: "max-drop\u{1}"), .init(name: "snr", failure: "3 < 15 & more")]
        )
        let parser = XMLParser(data: Data(report.text.utf8))
        let names = Names()
        parser.delegate = names
        #expect(parser.parse())
        #expect(names.found == ["testsuites", "testsuite", "testcase", "testcase", "failure:3 < 15 & more"])
    }
}

@Suite struct HTMLReportTests {
    @Test func textIsEscapedAndBarsAreToScale() {
        let page = HTMLReport(
            title: "<model>",
            bars: [.init(label: "size", before: 100, after: 25)],
            tables: [Table(columns: [("a & b", .left)], rows: [["<i>"]])],
            notes: ["x < y"]
        ).text
        #expect(
            page.contains("&lt;model&gt;") && page.contains("a &amp; b") && page.contains("&lt;i&gt;")
                && page.contains("x &lt; y")
        )
        #expect(page.contains("width=\"440.0\"") && page.contains("width=\"110.0\""))
    }
}
