import Datasets
import Tensors
import Testing

@Suite struct PreprocessTests {
    @Test func everyKeyIsRead() throws {
        let all = try Preprocess(
            parsing: "resize=256, crop=224,scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,layout=nhwc,"
                + "channels=bgr,dtype=int8,add=-128"
        )
        #expect(all.resize == .shortSide(256))
        #expect(all.crop == .init(width: 224, height: 224))
        #expect(all.scale == .init(1, over: 255))
        #expect(all.mean == [0.485, 0.456, 0.406])
        #expect(all.std == [0.229, 0.224, 0.225])
        #expect(all.layout == .nhwc)
        #expect(all.channels == .bgr)
        #expect(all.elementType == .int8)
        #expect(all.add == -128)
    }

    @Test func sizesAreWidthTimesHeight() throws {
        let sizes = try Preprocess(parsing: "resize=160x120,crop=100x80")
        #expect(sizes.resize == .exact(width: 160, height: 120))
        #expect(sizes.crop == .init(width: 100, height: 80))
    }

    @Test(
        arguments: [("1/255", 1, 255), ("0.5", 0.5, 1), ("2", 2, 1), ("1/127.5", 1, 127.5)] as [(String, Float, Float)]
    )
    func scalesMayBeFractions(_ text: String, _ numerator: Float, _ denominator: Float) throws {
        #expect(try Preprocess(parsing: "scale=\(text)").scale == .init(numerator, over: denominator))
    }

    @Test(arguments: ["", "  "])
    func nothingIsTheDefault(_ text: String) throws {
        #expect(try Preprocess(parsing: text) == Preprocess())
    }

    @Test(arguments: [
        "resize=256,crop=224x200,scale=1/255,mean=0.485:0.456:0.406,std=0.25,add=-128,layout=nchw,channels=rgb,dtype=uint8",
        "resize=160x120,scale=0.5,mean=127.5", "",
    ])
    func theDescriptionReadsBack(_ text: String) throws {
        let settings = try Preprocess(parsing: text)
        #expect(settings.description == text)
        #expect(try Preprocess(parsing: settings.description) == settings)
    }

    @Test(arguments: [
        "resize", "resize=", "resize=0", "resize=-1", "resize=2.5", "resize=1x2x3", "resize=x",
        "resize=99999999999999999999",
        "resize=100000", "crop=4x", "scale=", "scale=1/0", "scale=a", "scale=1/2/3", "scale=nan", "scale=inf",
        "mean=1::2",
        "mean=a", "std=0", "std=1:0:1", "layout=nwhc", "channels=rbg", "dtype=int4", "add=1:2", "crop=1,crop=2", ",",
        "crop=3,", "=3",
    ])
    func wrongValuesAreUsageErrors(_ text: String) {
        let error = #expect(throws: CNNOptError.self) { try Preprocess(parsing: text) }
        #expect(error?.code == .usage)
    }

    @Test func unknownNamesAreNamedWithTheNearest() {
        let key = #expect(throws: CNNOptError.self) { try Preprocess(parsing: "rezise=256") }
        #expect(
            key?.description == "--preprocess: unknown key 'rezise'; did you mean 'resize'? "
                + "known are resize, crop, scale, mean, std, add, layout, channels, dtype"
        )
        let layout = #expect(throws: CNNOptError.self) { try Preprocess(parsing: "layout=nwhc") }
        #expect(layout?.remedy == "did you mean 'nhwc'? known are nchw, nhwc")
    }

    private let pixels: [UInt8] = [0, 1, 100, 200, 255, 7, 3, 4, 5, 6, 9, 250]

    /// One 2x2 RGB image of `pixels`, stored plane by plane.
    private func prepared(_ text: String) throws -> TensorData {
        try ImageDataset(
            images: TensorData(pixels, shape: [1, 3, 2, 2]),
            preprocess: Preprocess(parsing: text)
        ).batch(0..<1, threads: 1)
    }

    @Test func valuesFollowTheFormulaInFloat32() throws {
        let mean: [Float] = [0.485, 0.456, 0.406]
        let std: [Float] = [0.229, 0.224, 0.225]
        let result = try prepared("scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225")
        let expected = pixels.enumerated().map { (Float($1) / 255 - mean[$0 / 4]) / std[$0 / 4] }
        #expect(result.shape == [1, 3, 2, 2])
        #expect(try result.array(of: Float.self) == expected)
    }

    @Test func withoutAScaleMeanAndStdAreInPixels() throws {
        let result = try prepared("mean=127,std=128").array(of: Float.self)
        #expect(result == pixels.map { (Float($0) - 127) / 128 })
    }

    @Test func layoutAndChannelOrder() throws {
        #expect(try prepared("").array(of: Float.self) == pixels.map(Float.init))
        #expect(
            try prepared("channels=bgr,dtype=uint8").array(of: UInt8.self)
                == Array(pixels[8...] + pixels[4..<8] + pixels[..<4])
        )
        let last = try prepared("layout=nhwc,dtype=uint8")
        #expect(last.shape == [1, 2, 2, 3])
        #expect(try last.array(of: UInt8.self) == [0, 255, 5, 1, 7, 6, 100, 3, 9, 200, 4, 250])
        let blueFirst = try prepared("layout=nhwc,dtype=uint8,channels=bgr")
        #expect(try blueFirst.array(of: UInt8.self) == [5, 255, 0, 6, 7, 1, 9, 3, 100, 250, 4, 200])
    }

    @Test func meanFollowsTheOrderOfTheChannels() throws {
        let result = try prepared("channels=bgr,mean=1:2:3").array(of: Float.self)
        #expect(result[0] == Float(pixels[8]) - 1)
        #expect(result[8] == Float(pixels[0]) - 3)
    }

    @Test func greyIsLuma() throws {
        let grey = try prepared("channels=grey,dtype=uint8")
        #expect(grey.shape == [1, 1, 2, 2])
        // 0.299 R + 0.587 G + 0.114 B
        #expect(try grey.array(of: UInt8.self) == [150, 5, 33, 91])
    }

    @Test func integersAreRoundedAndLimited() throws {
        #expect(try prepared("dtype=int8,add=-128").array(of: Int8.self) == pixels.map { Int8(Int($0) - 128) })
        #expect(try prepared("dtype=int8").array(of: Int8.self) == pixels.map { Int8(min(Int($0), 127)) })
        #expect(
            try prepared("dtype=uint8,scale=1/2,mean=1").array(of: UInt8.self) == [
                0, 0, 49, 99, 126, 2, 0, 1, 2, 2, 4, 124,
            ]
        )
        #expect(
            try prepared("dtype=float16,scale=1/255").array(of: Float16.self) == pixels.map { Float16(Float($0) / 255) }
        )
    }

    @Test func valuesThatAreNoNumberBecomeZeroIntegers() throws {
        let images = try TensorData([Float.nan, .infinity, -.infinity, 3.5], shape: [1, 1, 2, 2])
        let result = try ImageDataset(images: images, preprocess: Preprocess(parsing: "dtype=int8")).batch(
            0..<1,
            threads: 1
        )
        #expect(try result.array(of: Int8.self) == [0, 127, -128, 4])
    }

    @Test(arguments: ["mean=1:2", "std=1:2:3:4", "channels=grey,mean=1:2:3"])
    func listsMustSuitTheChannels(_ text: String) {
        let error = #expect(throws: CNNOptError.self) { try prepared(text) }
        #expect(error?.code == .usage)
    }
}
