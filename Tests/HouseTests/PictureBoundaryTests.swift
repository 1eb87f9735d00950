import Foundation
import Testing

/// No pixel leaves the process but through the anonymiser. The compiler holds most of it: sinks take `AnonymizedFrame`, whose
/// initialiser belongs to Privacy. These tests hold the rest: that nobody opens that door, or makes another one.
@Suite struct PictureBoundaryTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")

  private static func texts(below folder: String = "") throws -> [(name: String, text: String)] {
    let files =
      FileManager.default.enumerator(
        at: sources.appending(path: folder), includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return try files.filter { $0.pathExtension == "swift" }.map {
      (
        String($0.path.dropFirst(sources.path.count + 1)), try String(contentsOf: $0, encoding: .utf8)
      )
    }
  }

  /// A picture that nobody has covered, as the type of a parameter.
  private static var rawPicture: Regex<Substring> {
    /[:,\s\[](?:Picture|PictureBuffer|VideoFrame)[\s,)\]?!]/
  }

  /// The declarations of functions and initialisers that other modules see, up to their bodies.
  private static func openDeclarations(in text: String) -> [Substring] {
    text.matches(of: /(?:public|package)\s+(?:static\s+|mutating\s+|convenience\s+)*(?:func|init)[^{]*/).map(
      \.output)
  }

  @Test func onlyTheAnonymiserMakesWhatSinksTake() throws {
    let file = try #require(
      try Self.texts(below: "Privacy").first { $0.name.hasSuffix("AnonymizedFrame.swift") })
    let declarations = Self.openDeclarations(in: file.text)
    #expect(!declarations.isEmpty)
    #expect(declarations.allSatisfy { !$0.contains("init") }, "\(declarations)")
    for (name, text) in try Self.texts() where !name.hasPrefix("Privacy/") {
      #expect(
        !text.contains(/extension Anonymized(?:Frame|Picture)[^{]*\{[^}]*init\(/),
        "\(name) makes covered frames")
      #expect(!text.contains("@testable import"), "\(name)")
    }
  }

  @Test func nothingElseBecomesAPictureFileOrAStream() throws {
    for (name, text) in try Self.texts() {
      guard !name.hasPrefix("Privacy/"), !name.hasPrefix("Imaging/") else { continue }
      #expect(!text.contains("JPEG.encode("), "\(name) encodes pictures past the anonymiser")
    }
    // What takes pictures out of the process: windows, recorders, streams.
    let media = try Self.texts(below: "Media")
    #expect(media.contains { $0.text.contains("public func append(_ frame: AnonymizedFrame)") })
    for (name, text) in media {
      for declaration in Self.openDeclarations(in: text) {
        // What is read from outside may be handed on within the process.
        let parameters = declaration.replacing(/->\s*Picture\??\s*$/, with: "")
        #expect(
          !parameters.contains(Self.rawPicture) || name.hasSuffix("VideoFrame.swift"),
          "\(name): \(declaration)")
      }
    }
  }

  /// The pattern finds what it is for.
  @Test func aSinkForRawPicturesWouldBeFound() {
    let text =
      "  public func show(_ picture: Picture) -> Bool { core.push(picture) }\n  public init(frame: Picture) {"
    let found = Self.openDeclarations(in: text)
    #expect(found.count == 2)
    #expect(found.allSatisfy { $0.contains(Self.rawPicture) })
  }
}
