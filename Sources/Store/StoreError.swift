/// Why the gallery's file could not be used; every description is one line that names the file and the mend.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no gallery at this path.
  case missing(path: String)
  /// The file is no gallery of this program.
  case notAGallery(path: String)
  /// A newer program wrote the file.
  case newerVersion(path: String, found: Int, supported: Int)
  /// The file was sealed with another key.
  case wrongKey(path: String, expected: String, found: String)
  /// The passphrase does not fit the file.
  case wrongPassphrase(path: String)
  /// The file wants a passphrase and was given a key, or the other way round.
  case otherProtection(path: String, expected: String)
  /// The key file cannot be used.
  case key(path: String, reason: String)
  /// Another process holds the gallery.
  case inUse(path: String, holder: String)
  /// The file is damaged: truncated, or with altered bytes.
  case damaged(path: String, reason: String)
  /// The file or its folder cannot be read or written now.
  case unavailable(path: String, reason: String)
  /// An import whose embeddings come from another network.
  case otherNetwork(path: String, expected: String, found: String)
  /// There is no such identity.
  case unknownIdentity(UInt64)
  /// An operation on a store that was closed.
  case closed(path: String)

  /// One line that names the file and the mend.
  public var description: String {
    switch self {
    case .missing(let path):
      "\(path): there is no gallery here; check the path, or start the program once to create one"
    case .notAGallery(let path):
      "\(path): this file is no gallery; name another file, or move this one away"
    case .newerVersion(let path, let found, let supported):
      "\(path): the gallery has format \(found), this program knows up to \(supported); "
        + "use a newer program; the file was not touched"
    case .wrongKey(let path, let expected, let found):
      "\(path): sealed with key \(expected), but the key given is \(found); "
        + "give the right key file; the gallery was not touched"
    case .wrongPassphrase(let path):
      "\(path): the passphrase does not fit; give the right one; the gallery was not touched"
    case .otherProtection(let path, let expected):
      "\(path): the gallery is protected by \(expected); give that; the gallery was not touched"
    case .key(let path, let reason): "\(path): \(reason)"
    case .inUse(let path, let holder):
      "\(path): in use by \(holder), which does not take this request; wait for its end, or stop it"
    case .damaged(let path, let reason):
      "\(path): the gallery is damaged (\(reason)); restore a backup or move the file away; "
        + "the file was not touched"
    case .unavailable(let path, let reason):
      "\(path): the gallery cannot be used now (\(reason)); make room or allow writing, then try again"
    case .otherNetwork(let path, let expected, let found):
      "\(path): its embeddings come from \(found), this gallery's from \(expected); "
        + "embeddings of two networks cannot be joined; export it again with the same network"
    case .unknownIdentity(let number):
      "identity \(number): the gallery holds no such identity; see 'gallery list'"
    case .closed(let path): "\(path): the gallery was closed; open it again"
    }
  }
}
