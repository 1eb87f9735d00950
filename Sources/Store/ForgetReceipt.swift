import Foundation
import ThroughlineCore

/// Proof that a person was erased from a gallery; it can be checked against the audit log.
public struct ForgetReceipt: Sendable, Hashable, Codable, CustomStringConvertible {
  /// How many records of each kind were erased.
  public struct Counts: Sendable, Hashable, Codable {
    /// 1 where the identity had a name.
    public var names = 0
    /// Embeddings.
    public var prototypes = 0
    /// Stays in cameras, and with them journeys.
    public var sightings = 0
    /// Pictures.
    public var crops = 0
    /// Kept events that named the person.
    public var events = 0
    /// Entries of the recordings' index in which the person was named.
    public var recordings = 0
    /// Remembered merges and splits.
    public var corrections = 0
    /// "Not the same" pairs.
    public var vetoes = 0
  }

  /// The number that was asked for.
  public var identity: IdentityID
  /// All numbers that the person had.
  public var numbers: [IdentityID]
  /// What was erased.
  public var counts: Counts
  /// When.
  public var time: Timestamp
  /// Whether the write-ahead log is empty and the file was written anew. Otherwise a reader or a full disk
  /// stood in the way: nobody finds the records any more, but the file's blocks or its log hold them, sealed, until the
  /// next `forget` or the program's end.
  public var isCompacted: Bool
  /// The audit entry that tells of it.
  public var auditSequence: Int64
  /// The audit entry's hash, 64 hexadecimal digits.
  public var auditHash: String

  /// Whether what was erased may still lie, sealed, in the blocks of a gallery's file.
  public func mayLinger(at path: String) -> Bool {
    var log = stat()
    return !isCompacted && stat(path + "-wal", &log) == 0 && log.st_size > 0
  }

  /// What the audit entry says the subject was.
  var subject: String {
    let others = numbers.filter { $0 != identity }
    let also = others.isEmpty ? "" : " (also \(others.map(\.description).joined(separator: ", ")))"
    return "identity \(identity)\(also): \(counts.text)"
  }

  /// Several lines for a person to keep.
  public var description: String {
    """
    Erased: \(subject)
    Time: \(time.utcText)
    Write-ahead log emptied and file compacted: \(isCompacted ? "yes" : "no, run forget again")
    Audit entry: \(auditSequence)
    Audit hash: \(auditHash)
    """
  }
}

extension ForgetReceipt.Counts {
  var text: String {
    [
      (names, "name"), (prototypes, "prototype"), (sightings, "sighting"), (crops, "crop"), (events, "event"),
      (recordings, "recording entry"), (corrections, "correction"), (vetoes, "veto"),
    ].map { "\($0) \($1)" }.joined(separator: ", ")
  }
}
