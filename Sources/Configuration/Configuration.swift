import ThroughlineCore

/// Everything that is set: built-in values, below a file's, below the flags'.
public struct Configuration: Sendable {
  /// The keys that exist.
  public let schema: ConfigurationSchema
  private var entries: [String: ConfigurationEntry] = [:]
  /// The cameras in the order in which they were named; those of the command line after those of the file.
  public private(set) var cameras: [CameraConfiguration] = []

  /// Nothing set yet.
  public init(schema: ConfigurationSchema = .standard) { self.schema = schema }

  /// The value in force of a key and where it came from; a camera's own value where it has one.
  ///
  /// Asking for a key that is not in the schema is a mistake of the program, not of its user, and yields an
  /// empty text.
  public func entry(_ key: String, camera: CameraName? = nil) -> ConfigurationEntry {
    if let camera, let own = cameras.first(where: { $0.name == camera })?.overrides[key] { return own }
    if let set = entries[key] { return set }
    return ConfigurationEntry(value: schema.key(key)?.builtIn ?? .text(""), origin: .builtIn)
  }

  /// A yes-or-no key.
  public func boolean(_ key: String, camera: CameraName? = nil) -> Bool {
    if case .boolean(let value) = entry(key, camera: camera).value { value } else { false }
  }

  /// A whole number.
  public func integer(_ key: String, camera: CameraName? = nil) -> Int {
    if case .integer(let value) = entry(key, camera: camera).value { value } else { 0 }
  }

  /// A number; whole numbers are numbers as well.
  public func number(_ key: String, camera: CameraName? = nil) -> Double {
    switch entry(key, camera: camera).value {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: 0
    }
  }

  /// A text; `nil` where it is empty.
  public func text(_ key: String, camera: CameraName? = nil) -> String? {
    if case .text(let value) = entry(key, camera: camera).value, !value.isEmpty { value } else { nil }
  }

  /// A list of texts.
  public func list(_ key: String, camera: CameraName? = nil) -> [String] {
    if case .list(let values) = entry(key, camera: camera).value { values } else { [] }
  }

  /// Sets a key; later calls win.
  public mutating func set(_ key: String, to value: ConfigurationValue, from origin: ConfigurationOrigin) {
    entries[key] = ConfigurationEntry(value: value, origin: origin)
  }

  /// Forgets the cameras; the values of keys stay.
  public mutating func removeCameras() { cameras = [] }

  /// Adds a camera.
  ///
  /// - Throws: ``ConfigurationError/duplicateCamera(name:place:)`` where its name is taken.
  public mutating func add(_ camera: CameraConfiguration) throws(ConfigurationError) {
    guard !cameras.contains(where: { $0.name == camera.name }) else {
      throw .duplicateCamera(name: camera.name.rawValue, place: camera.origin)
    }
    cameras.append(camera)
  }
}
