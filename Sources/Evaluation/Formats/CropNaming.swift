/// How the crops of a re-ID data set are named, and who and where that says they are.
public enum CropNaming: String, Sendable, CaseIterable {
  /// `0002_c1s1_000451_03.jpg`: person, camera; person -1 is junk, 0 a distractor (Market-1501, DukeMTMC).
  case market
  /// `0001002.png`: four digits of the person, three of the crop; crops 1 and 2 are of camera 1, 3 and 4 of camera 2.
  case cuhk01
  /// `0001_07.jpg`: person and crop; crops 0 to 4 are of camera 1, 5 to 9 of camera 2.
  case cuhk03

  /// What a file's name says; `nil` where it is not named so.
  public func label(of fileName: String) -> CropLabel? {
    let stem = fileName.split(separator: ".", maxSplits: 1).first ?? ""
    switch self {
    case .market:
      guard let match = stem.wholeMatch(of: /(-?\d+)_c(\d+).*/), let person = Int(match.1),
        let camera = Int(match.2)
      else { return nil }
      return CropLabel(person: person, camera: camera)
    case .cuhk01:
      guard let match = stem.wholeMatch(of: /(\d{4})(\d{3})/), let person = Int(match.1),
        let crop = Int(match.2),
        (1...4).contains(crop)
      else { return nil }
      return CropLabel(person: person, camera: (crop + 1) / 2)
    case .cuhk03:
      guard let match = stem.wholeMatch(of: /(\d+)_(\d{2})/), let person = Int(match.1),
        let crop = Int(match.2),
        (0...9).contains(crop)
      else { return nil }
      return CropLabel(person: person, camera: crop / 5 + 1)
    }
  }

  /// The naming of a folder, by the first file names that fit one.
  public static func detect(_ fileNames: [String]) -> CropNaming? {
    for name in fileNames.prefix(100) {
      if let naming = allCases.first(where: { $0.label(of: name) != nil }) { return naming }
    }
    return nil
  }
}
