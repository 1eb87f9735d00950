import Foundation

extension SourceAddress {
  /// The endings of the files that are taken from a folder.
  public static let videoEndings: Set<String> = [
    "264", "265", "3gp", "avi", "flv", "h264", "h265", "hevc", "m2ts", "m4v", "mjpeg", "mjpg", "mkv", "mov",
    "mp4",
    "mpeg", "mpg", "mts", "ogv", "ts", "vob", "webm", "wmv",
  ]

  /// Reads an address; a folder becomes the video files in it, sorted by name with numbers in their order
  /// (`cam2` before `cam10`). Folders in the folder and hidden files are left out.
  public static func expand(_ text: String) throws(SourceAddressError) -> [SourceAddress] {
    let address = try SourceAddress(parsing: text)
    guard case .file(let path) = address else { return [address] }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue
    else {
      return [address]
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw .unreadableFolder(path, reason: "is it yours to read?")
    }
    let base = path.hasSuffix("/") ? path : path + "/"
    let videos = names.filter { name in
      guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return false }
      guard videoEndings.contains(name[name.index(after: dot)...].lowercased()) else { return false }
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: base + name, isDirectory: &isFolder)
        && !isFolder.boolValue
    }
    guard !videos.isEmpty else { throw .emptyFolder(path) }
    return videos.sorted(by: precedes).map { .file(base + $0) }
  }

  /// Compares names so that runs of digits count as numbers, the same on every machine and in every language.
  static func precedes(_ left: String, _ right: String) -> Bool {
    var a = Substring(left)
    var b = Substring(right)
    while let first = a.first, let second = b.first {
      if isDigit(first), isDigit(second) {
        let leftDigits = a.prefix(while: isDigit).drop { $0 == "0" }
        let rightDigits = b.prefix(while: isDigit).drop { $0 == "0" }
        if leftDigits.count != rightDigits.count { return leftDigits.count < rightDigits.count }
        if leftDigits != rightDigits { return leftDigits < rightDigits }
        a = a.drop(while: isDigit)
        b = b.drop(while: isDigit)
      } else if first != second {
        return first < second
      } else {
        a = a.dropFirst()
        b = b.dropFirst()
      }
    }
    return a.isEmpty && b.isEmpty ? left < right : a.isEmpty
  }

  private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
}
