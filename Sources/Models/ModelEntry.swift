import ThroughlineCore

/// What a network is for.
public enum ModelTask: String, Sendable, Hashable, CaseIterable {
  /// Finds persons.
  case person
  /// Finds faces.
  case face
  /// Makes an embedding of a person's crop.
  case reid
  /// No network: the library that runs them.
  case runtime
}

/// How a network's outputs are read.
public enum ModelDecoder: String, Sendable, Hashable, CaseIterable {
  /// `[1, N, 5]`: left, top, right, bottom in input pixels and score of one category.
  case boxes
  /// YOLOX: `[1, N, 5 + categories]` over grids of strides 8, 16 and 32; category 0 is person.
  case yolox
  /// YuNet: `cls`, `obj`, `bbox` and `kps` at strides 8, 16 and 32.
  case yunet
  /// `[1, D]`: an embedding, not normalised.
  case embedding
}

/// What a network wants to see. A value is `(pixel * scale - mean) / std`, pixels in 0...255.
public struct ModelInput: Sendable, Hashable {
  /// The order of the channels.
  public enum Order: String, Sendable, Hashable, CaseIterable {
    /// Red, green, blue.
    case rgb
    /// Blue, green, red.
    case bgr
  }

  /// How a picture is brought to the input's size.
  public enum Fit: Sendable, Hashable {
    /// Proportions kept; what stays free gets this grey value, 0...255.
    case letterbox(fill: UInt8)
    /// The input is filled, proportions change.
    case stretch
  }

  /// Width and height in pixels.
  public var size: PictureSize
  /// The order of the channels.
  public var order: Order
  /// What a pixel is multiplied with first.
  public var scale: Float
  /// What is taken off then, in the order of the channels; three values.
  public var mean: [Float]
  /// What it is divided by then, in the order of the channels; three values.
  public var std: [Float]
  /// How a picture is brought to the input's size.
  public var fit: Fit

  /// An input by its parts.
  public init(
    size: PictureSize, order: Order, scale: Float = 1, mean: [Float] = [0, 0, 0], std: [Float] = [1, 1, 1],
    fit: Fit
  ) {
    self.size = size
    self.order = order
    self.scale = scale
    self.mean = mean
    self.std = std
    self.fit = fit
  }

  /// The tensor's shape, one picture, channels before rows.
  public var shape: [Int] { [1, 3, size.height, size.width] }
}

/// A file with its hash.
public struct ModelFile: Sendable, Hashable {
  /// The name under which it lies in the cache and in a mirror.
  public var name: String
  /// SHA-256 of the content, 64 lower-case hexadecimal digits.
  public var sha256: String
  /// Where it lies in its source: a path inside the wheel or the repository.
  public var path: String
  /// Its length, where known.
  public var bytes: Int?

  /// A file by its parts.
  public init(name: String, sha256: String, path: String, bytes: Int? = nil) {
    self.name = name
    self.sha256 = sha256
    self.path = path
    self.bytes = bytes
  }
}

/// Where a model's files come from.
public enum ModelSource: Sendable, Hashable {
  /// A wheel on the Python package index.
  case pypi(PythonWheel)
  /// Files below an `https` address, each at the address followed by its path.
  case url(base: String)
  /// Files of this repository, below its root.
  case repository
  /// Only from a mirror folder; the text says where the files were published.
  case mirror(upstream: String)
  /// Made on this machine from another model of the zoo, by ``ModelStore/install(_:compiledFrom:files:)``.
  case compiled(base: String)
}

/// A wheel on the Python package index.
public struct PythonWheel: Sendable, Hashable {
  /// The package's name.
  public var package: String
  /// Its exact version.
  public var version: String
  /// SHA-256 of the wheel.
  public var sha256: String
  /// The wheel's length in bytes, for the progress bar.
  public var bytes: Int?
  /// pip's options that choose one of several wheels of a version, for example `--platform`.
  public var pipOptions: [String]

  /// A wheel by its parts.
  public init(package: String, version: String, sha256: String, bytes: Int? = nil, pipOptions: [String] = [])
  {
    self.package = package
    self.version = version
    self.sha256 = sha256
    self.bytes = bytes
    self.pipOptions = pipOptions
  }
}

/// A step that turns the fetched files into the one that is run.
public struct ModelConversion: Sendable, Hashable {
  /// The script in `tools/models`, without its folder.
  public var script: String
  /// Its arguments after the input and the output file.
  public var arguments: [String]
  /// The file that comes out.
  public var output: ModelFile

  /// A conversion by its parts.
  public init(script: String, arguments: [String], output: ModelFile) {
    self.script = script
    self.arguments = arguments
    self.output = output
  }
}

/// One figure that was measured with a model.
public struct ModelAccuracy: Sendable, Hashable {
  /// On what, for example `coco128, person, 640x384`.
  public var data: String
  /// What, for example `AP50`.
  public var measure: String
  /// The value in the measure's own unit.
  public var value: Double

  /// A figure by its parts.
  public init(data: String, measure: String, value: Double) {
    self.data = data
    self.measure = measure
    self.value = value
  }
}

/// One model of the zoo.
public struct ModelEntry: Sendable, Hashable {
  /// The name by which settings and commands know it.
  public var name: String
  /// What it is for.
  public var task: ModelTask
  /// One line for `throughline models list`.
  public var summary: String
  /// Whether it is what its task uses unless a setting says otherwise.
  public var isDefault: Bool
  /// Where its files come from.
  public var source: ModelSource
  /// The files to fetch.
  public var files: [ModelFile]
  /// Members of the wheel to unpack as they lie there, each ending in `/`; for a runtime.
  public var unpacked: [String]
  /// What is done with the files, if anything.
  public var conversion: ModelConversion?
  /// The licence of the code that made it (SPDX).
  public var codeLicence: String
  /// The licence of the weights (SPDX), or what is known of it.
  public var weightsLicence: String
  /// What it was trained on.
  public var trainingData: String
  /// What it wants to see; `nil` for a runtime.
  public var input: ModelInput?
  /// The names of its outputs.
  public var outputs: [String]
  /// How its outputs are read; `nil` for a runtime.
  public var decoder: ModelDecoder?
  /// The number of elements of an embedding, for task `reid`.
  public var dimension: Int?
  /// Multiply-accumulates of one run at the input's size, counted over convolutions and matrix products by
  /// `tools/models/count_work.py`; `nil` where nobody has counted.
  public var multiplyAccumulates: Int?
  /// What was measured with it.
  public var accuracy: [ModelAccuracy]

  /// An entry by its parts.
  public init(
    name: String, task: ModelTask, summary: String, isDefault: Bool = false, source: ModelSource,
    files: [ModelFile], unpacked: [String] = [], conversion: ModelConversion? = nil, codeLicence: String,
    weightsLicence: String,
    trainingData: String, input: ModelInput? = nil, outputs: [String] = [], decoder: ModelDecoder? = nil,
    dimension: Int? = nil, multiplyAccumulates: Int? = nil, accuracy: [ModelAccuracy] = []
  ) {
    self.name = name
    self.task = task
    self.summary = summary
    self.isDefault = isDefault
    self.source = source
    self.files = files
    self.unpacked = unpacked
    self.conversion = conversion
    self.codeLicence = codeLicence
    self.weightsLicence = weightsLicence
    self.trainingData = trainingData
    self.input = input
    self.outputs = outputs
    self.decoder = decoder
    self.dimension = dimension
    self.multiplyAccumulates = multiplyAccumulates
    self.accuracy = accuracy
  }

  /// Whether it was made on this machine from another model.
  public var isCompiled: Bool {
    if case .compiled = source { true } else { false }
  }

  /// The file that a runtime reads: the conversion's output, or the first file that is a model.
  public var runFile: ModelFile? {
    conversion?.output ?? files.first { $0.name.hasSuffix(".onnx") || $0.name.hasSuffix(".xml") }
  }

  /// What tells this network's embeddings from those of others of the same name: the first digits of the hash of
  /// its weights.
  public var version: String {
    let weights = conversion?.output ?? files.first { $0.name.hasSuffix(".bin") } ?? runFile
    return String((weights?.sha256 ?? "").prefix(12))
  }
}
