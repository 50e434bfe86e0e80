import Tensors

/// The register-blocked inner loops that convolutions and matrix products share.
///
/// Every element is summed from its first product to its last in order, whichever tile it falls into, so results depend
/// neither on the thread count nor on how a batch is cut.
enum ProductTile {
    /// Rows that one tile takes of the left matrix.
    static let rows = 4
    /// Columns that one tile takes of the right matrix.
    static let columns = 8

    /// c[r][j] = start[r] + Σₖ a[4k + r] · b[offsets[k] + j] for 4 rows and 8 columns.
    /// - Parameters:
    ///   - a: `depth` groups of 4 elements.
    ///   - b: read at 8 consecutive elements from each offset.
    ///   - start: 4 elements.
    ///   - c: the tile; row r begins at `r · rowStride`.
    ///   - rowCount: rows to store.
    ///   - columnCount: columns to store.
    static func multiply4x8(
        a: UnsafePointer<Float>,
        b: UnsafePointer<Float>,
        offsets: UnsafePointer<Int>,
        depth: Int,
        start: UnsafePointer<Float>,
        c: UnsafeMutablePointer<Float>,
        rowStride: Int,
        rowCount: Int,
        columnCount: Int
    ) {
        var c0 = SIMD8<Float>(repeating: start[0])
        var c1 = SIMD8<Float>(repeating: start[1])
        var c2 = SIMD8<Float>(repeating: start[2])
        var c3 = SIMD8<Float>(repeating: start[3])
        let left = UnsafeRawPointer(a)
        for k in 0..<depth {
            let w = (left + k &* 16).loadUnaligned(as: SIMD4<Float>.self)
            let x = UnsafeRawPointer(b + offsets[k]).loadUnaligned(as: SIMD8<Float>.self)
            c0 = c0 + x * w[0]
            c1 = c1 + x * w[1]
            c2 = c2 + x * w[2]
            c3 = c3 + x * w[3]
        }
        store(c0, c, columnCount)
        if rowCount > 1 { store(c1, c + rowStride, columnCount) }
        if rowCount > 2 { store(c2, c + 2 &* rowStride, columnCount) }
        if rowCount > 3 { store(c3, c + 3 &* rowStride, columnCount) }
    }

    /// The same for one row, 16 columns, and one element of `a` for each step.
    static func multiply1x16(
        a: UnsafePointer<Float>,
        b: UnsafePointer<Float>,
        offsets: UnsafePointer<Int>,
        depth: Int,
        start: Float,
        c: UnsafeMutablePointer<Float>,
        columnCount: Int
    ) {
        var c0 = SIMD8<Float>(repeating: start)
        var c1 = c0
        for k in 0..<depth {
            let w = a[k]
            let x = UnsafeRawPointer(b + offsets[k])
            c0 = c0 + x.loadUnaligned(as: SIMD8<Float>.self) * w
            c1 = c1 + (x + 32).loadUnaligned(as: SIMD8<Float>.self) * w
        }
        store(c0, c, columnCount)
        if columnCount > 8 { store(c1, c + 8, columnCount &- 8) }
    }

    @inline(__always)
    private static func store(_ value: SIMD8<Float>, _ target: UnsafeMutablePointer<Float>, _ count: Int) {
        if count >= 8 {
            UnsafeMutableRawPointer(target).storeBytes(of: value, as: SIMD8<Float>.self)
        } else {
            for j in 0..<count { target[j] = value[j] }
        }
    }
}

/// C = A·B on floats.
enum MatrixProduct {
    /// A matrix in memory: element (i, j) lies at `i · rowStride + j · columnStride`.
    struct Operand {
        let base: UnsafePointer<Float>
        let rowStride: Int
        let columnStride: Int
    }

    /// Columns that are gathered from the right matrix at once.
    private static let panel = 16

    /// The memory that ``multiply(_:_:into:rows:depth:columns:workspace:threads:)`` needs for these sizes, in elements.
    static func workspaceCount(rows: Int, depth: Int, threads: Int) throws(CNNOptError) -> Int {
        let blocks = (rows + ProductTile.rows - 1) / ProductTile.rows
        let (perThread, first) = panel.multipliedReportingOverflow(by: depth)
        guard let left = checkedProduct([blocks, ProductTile.rows, depth]),
            let right = checkedProduct([perThread, max(threads, 1)]), !first
        else { throw CNNOptError(.invalidModel, "a matrix product of depth \(depth) overflows") }
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw CNNOptError(.invalidModel, "a matrix product of depth \(depth) overflows") }
        return sum
    }

    /// Writes the product of a rows × depth and a depth × columns matrix, row-major.
    /// - Parameter workspace: as many elements as ``workspaceCount(rows:depth:threads:)`` says.
    static func multiply(
        _ a: Operand,
        _ b: Operand,
        into c: UnsafeMutablePointer<Float>,
        rows: Int,
        depth: Int,
        columns: Int,
        workspace: UnsafeMutablePointer<Float>,
        threads: Int
    ) {
        guard rows > 0, columns > 0 else { return }
        let blocks = (rows + ProductTile.rows - 1) / ProductTile.rows
        packRows(a, into: workspace, rows: rows, depth: depth)
        let offsets = (0..<depth).map { $0 * panel }
        let zeros: [Float] = [0, 0, 0, 0]
        let panels = (columns + panel - 1) / panel
        let parts = max(1, min(threads, panels, rows * columns / 64 * depth / (1 << 14)))
        let left = SharedReadPointer(UnsafePointer(workspace))
        let right = SharedReadPointer(b.base)
        let scratch = SharedPointer(workspace + blocks * ProductTile.rows * depth)
        let target = SharedPointer(c)
        let (rowStride, columnStride) = (b.rowStride, b.columnStride)
        parallelFor(parts, threads: parts) { range in
            for part in range {
                let gathered = scratch.base + part * panel * depth
                for index in part * panels / parts..<(part + 1) * panels / parts {
                    let first = index * panel
                    let width = min(panel, columns - first)
                    packPanel(
                        Operand(
                            base: right.base + first * columnStride,
                            rowStride: rowStride,
                            columnStride: columnStride
                        ),
                        into: gathered,
                        depth: depth,
                        width: width
                    )
                    for block in 0..<blocks {
                        let row = block * ProductTile.rows
                        for half in stride(from: 0, to: width, by: ProductTile.columns) {
                            ProductTile.multiply4x8(
                                a: left.base + row * depth,
                                b: gathered + half,
                                offsets: offsets,
                                depth: depth,
                                start: zeros,
                                c: target.base + row * columns + first + half,
                                rowStride: columns,
                                rowCount: min(ProductTile.rows, rows - row),
                                columnCount: min(ProductTile.columns, width - half)
                            )
                        }
                    }
                }
            }
        }
    }

    /// Blocks of 4 rows, each with its 4 elements of one column side by side; missing rows are zero.
    private static func packRows(_ a: Operand, into packed: UnsafeMutablePointer<Float>, rows: Int, depth: Int) {
        let blocks = (rows + ProductTile.rows - 1) / ProductTile.rows
        for block in 0..<blocks {
            let target = packed + block * ProductTile.rows * depth
            for r in 0..<ProductTile.rows {
                let row = block * ProductTile.rows + r
                if row < rows {
                    let source = a.base + row * a.rowStride
                    for k in 0..<depth { target[k &* ProductTile.rows &+ r] = source[k &* a.columnStride] }
                } else {
                    for k in 0..<depth { target[k &* ProductTile.rows &+ r] = 0 }
                }
            }
        }
    }

    /// `panel` columns side by side; missing ones are zero.
    private static func packPanel(_ b: Operand, into packed: UnsafeMutablePointer<Float>, depth: Int, width: Int) {
        if b.columnStride == 1, width == panel {
            for k in 0..<depth {
                let row = UnsafeRawPointer(b.base + k &* b.rowStride)
                UnsafeMutableRawPointer(packed + k &* panel)
                    .storeBytes(of: row.loadUnaligned(as: SIMD16<Float>.self), as: SIMD16<Float>.self)
            }
            return
        }
        for j in 0..<panel {
            if j < width {
                let source = b.base + j * b.columnStride
                for k in 0..<depth { packed[k &* panel &+ j] = source[k &* b.rowStride] }
            } else {
                for k in 0..<depth { packed[k &* panel &+ j] = 0 }
            }
        }
    }
}
