/// Colours that people tell apart at a glance, for identities and cameras.
public enum Palette {
  /// Twenty-four colours, R'G'B' in 0...255; neighbours in the list differ in hue and lightness.
  private static let colors: [(Double, Double, Double)] = [
    (235, 64, 52), (46, 139, 235), (80, 190, 70), (250, 185, 30), (150, 80, 205), (30, 200, 200),
    (245, 125, 40), (235, 95, 175), (20, 110, 90), (190, 220, 50), (90, 70, 220), (165, 95, 45),
    (250, 165, 150), (20, 75, 140), (140, 235, 160), (135, 20, 60), (195, 165, 250), (120, 130, 20),
    (255, 230, 120), (100, 50, 120), (110, 205, 250), (200, 50, 140), (60, 90, 40), (215, 180, 130),
  ]

  /// How many colours there are before they repeat.
  public static var count: Int { colors.count }

  /// The colour of a number; the same number always has the same one.
  public static func color(_ index: Int, matrix: ColorMatrix) -> YUVColor {
    let place = ((index % colors.count) + colors.count) % colors.count
    let (red, green, blue) = colors[place]
    return matrix.color(red: red, green: green, blue: blue)
  }
}
