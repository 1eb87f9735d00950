extension ConfigurationSchema {
  /// The lens of a camera, whose pictures are made straight before anything else is done with them.
  static let lensKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "lens.model", .choice(["none", "brown-conrady", "fisheye"]), .text("none"), perCamera: true,
      "How the lens bends what is straight: brown-conrady for ordinary and wide lenses, fisheye (Kannala and Brandt) for very wide ones; none takes pictures as they are. The numbers are those of a calibration."
    ),
    ConfigurationKey(
      "lens.focal-x", .number(0...100_000), .number(0), perCamera: true,
      "The focal length along the rows, as a share of the picture's width, or in pixels of lens.calibrated-size; needed with lens.model."
    ),
    ConfigurationKey(
      "lens.focal-y", .number(0...100_000), .number(0), perCamera: true,
      "The focal length along the columns, as a share of the picture's height, or in pixels; 0 is the same as along the rows."
    ),
    ConfigurationKey(
      "lens.center-x", .number(-100_000...100_000), .number(0), perCamera: true,
      "The lens's centre along the rows, as a share of the picture's width, or in pixels; 0 is the middle."),
    ConfigurationKey(
      "lens.center-y", .number(-100_000...100_000), .number(0), perCamera: true,
      "The lens's centre along the columns, as a share of the picture's height, or in pixels; 0 is the middle."
    ),
    ConfigurationKey(
      "lens.coefficients", .list, .list([]), perCamera: true,
      "The distortion: k1, k2, p1, p2 and perhaps k3 for brown-conrady; k1, k2, k3, k4 for fisheye; in OpenCV's order."
    ),
    ConfigurationKey(
      "lens.calibrated-size", .text, .text(""), unit: "WIDTHxHEIGHT", perCamera: true,
      "The size of the pictures of the calibration: focal lengths and centre are in its pixels then. Pictures of another size are taken as the same view."
    ),
    ConfigurationKey(
      "lens.zoom", .number(0.1...10), .number(1), perCamera: true,
      "How much larger things come out in the straight picture: below 1 more of its edges is seen, above 1 less."
    ),
  ]
}
