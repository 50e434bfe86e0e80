import COneDNN
import Testing

/// Requests that contradict themselves come back with a status, and make nothing.
@Suite struct RefusalTests {
    private func expectRefusal(
        _ make: (inout OpaquePointer?) -> Int32,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var kernel: OpaquePointer?
        #expect(make(&kernel) != 0, sourceLocation: sourceLocation)
        #expect(kernel == nil, sourceLocation: sourceLocation)
    }

    @Test func layouts() {
        expectRefusal { onednn_layout_create(&$0, 13, [Int64](repeating: 1, count: 13), ONEDNN_FLOAT, nil) }
        expectRefusal { onednn_layout_create(&$0, 2, [-3, 2], ONEDNN_FLOAT, [2, 1]) }
    }

    @Test func convolutionsOfOtherShapes() throws {
        let good = WindowCase([5, 5], kernel: [3, 3])
        let (source, weights) = (try Layout([1, 2, 5, 5]), try Layout([4, 2, 3, 3]))
        let (bias, result) = (try Layout([4]), try Layout([1, 4, 3, 3]))
        var window = good.form
        let forward = try Kernel {
            onednn_convolution(&$0, source.handle, weights.handle, bias.handle, result.handle, &window, nil, 0)
        }
        let channels = try Layout([1, 3, 5, 5])
        let short = try Layout([3])
        let flat = try Layout([1, 4, 9])
        let large = try Layout([1, 4, 5, 5])
        for isTransposed in [Int32(0), 1] {
            for (x, b, y) in [
                (channels, bias, result), (source, short, result), (source, bias, flat), (source, bias, large),
            ] {
                expectRefusal {
                    onednn_convolution(&$0, x.handle, weights.handle, b.handle, y.handle, &window, nil, isTransposed)
                }
                expectRefusal {
                    onednn_convolution_by_weights(
                        &$0,
                        forward.handle,
                        x.handle,
                        weights.handle,
                        b.handle,
                        y.handle,
                        &window,
                        isTransposed
                    )
                }
                guard b === bias else { continue }
                expectRefusal {
                    onednn_convolution_by_source(
                        &$0,
                        forward.handle,
                        x.handle,
                        weights.handle,
                        y.handle,
                        &window,
                        isTransposed
                    )
                }
            }
        }
    }

    @Test func windowsWithoutAStep() throws {
        let (source, weights, result) = (
            try Layout([1, 2, 5, 5]), try Layout([4, 2, 3, 3]), try Layout([1, 4, 3, 3])
        )
        let pooled = try Layout([1, 2, 3, 3])
        var windows: [onednn_window] = []
        for change in 0..<4 {
            var form = WindowCase([5, 5], kernel: [3, 3])
            var window = form.form
            switch change {
            case 0: window.strides.1 = 0
            case 1: window.dilations.0 = 0
            case 2: window.kernel.0 = -3
            default:
                form = WindowCase([5], kernel: [3])
                window = form.form
            }
            windows.append(window)
        }
        for (index, window) in windows.enumerated() {
            var window = window
            expectRefusal {
                onednn_pooling(&$0, ONEDNN_MAXIMUM, source.handle, pooled.handle, &window, nil, 1)
            }
            guard index != 2 else { continue }
            expectRefusal {
                onednn_convolution(&$0, source.handle, weights.handle, nil, result.handle, &window, nil, 0)
            }
        }
    }

    @Test func productsOfOtherDepths() throws {
        let (a, b, y) = (try Layout([3, 4]), try Layout([5, 2]), try Layout([3, 2]))
        expectRefusal { onednn_matmul(&$0, a.handle, b.handle, nil, y.handle, nil) }
        expectRefusal { onednn_inner_product(&$0, a.handle, b.handle, nil, y.handle, nil) }
    }

    @Test func poolsAndResizesOfOtherShapes() throws {
        let (source, result) = (try Layout([1, 2, 6, 6]), try Layout([1, 3, 3, 3]))
        var window = WindowCase([6, 6], kernel: [2, 2], strides: [2, 2]).form
        expectRefusal { onednn_pooling(&$0, ONEDNN_AVERAGE, source.handle, result.handle, &window, nil, 1) }
        expectRefusal { onednn_resampling(&$0, ONEDNN_NEAREST, source.handle, result.handle, nil) }
    }

    @Test func pairsAndPartsOfOtherShapes() throws {
        let (a, b) = (try Layout([2, 3]), try Layout([2, 4]))
        expectRefusal { onednn_binary(&$0, ONEDNN_ADD, a.handle, b.handle, a.handle, nil) }
        expectRefusal { onednn_concat(&$0, 2, [a.handle, b.handle], 1, a.handle) }
        expectRefusal { onednn_concat(&$0, 2, [a.handle, b.handle], 2, a.handle) }
        expectRefusal { onednn_concat(&$0, 0, [], 0, a.handle) }
        expectRefusal { onednn_reorder(&$0, a.handle, b.handle) }
    }

    @Test func axesAndSizesOutOfRange() throws {
        let layout = try Layout([2, 3, 4, 4])
        for axis in [Int32(-1), 4] { expectRefusal { onednn_softmax(&$0, layout.handle, axis, 0, nil) } }
        var response = onednn_response(size: 0, alpha: 1, beta: 1, bias: 1, is_training: 0)
        expectRefusal { onednn_lrn(&$0, layout.handle, &response, nil) }
        let other = try Layout([2, 3, 5])
        var form = onednn_normalization(epsilon: 1, has_scale: 0, has_shift: 0, has_statistics: 0, is_training: 0)
        expectRefusal { onednn_layer_normalization(&$0, layout.handle, other.handle, &form, nil) }
    }

    /// A role that a kernel does not have has no layout, and binding it changes nothing.
    @Test func rolesThatAKernelDoesNotHave() throws {
        let layout = try Layout([2, 3])
        let kernel = try Kernel { onednn_eltwise(&$0, ONEDNN_TANH, 0, 0, layout.handle, nil) }
        expectRefusal { onednn_kernel_layout(&$0, kernel.handle, ONEDNN_WEIGHTS) }
        expectRefusal { onednn_kernel_layout(&$0, kernel.handle, ONEDNN_WORKSPACE) }
        var call: OpaquePointer?
        try #require(onednn_call_create(&call, kernel.handle) == 0)
        defer { onednn_call_destroy(call) }
        var number = Float(0)
        #expect(onednn_call_bind(call, ONEDNN_MEAN, 0, &number) == 0)
    }
}
