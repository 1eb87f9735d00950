/// Why a zoo file is refused: one line with file, line and mend.
public struct ZooError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file's name.
  public var fileName: String
  /// The line, from 1, where one can be named.
  public var line: Int?
  /// What is wrong there and what should stand there.
  public var problem: String

  /// An error by its parts.
  public init(fileName: String, line: Int?, problem: String) {
    self.fileName = fileName
    self.line = line
    self.problem = problem
  }

  /// `zoo.yaml:12: ...`.
  public var description: String {
    line.map { "\(fileName):\($0): \(problem)" } ?? "\(fileName): \(problem)"
  }
}
