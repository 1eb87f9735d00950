import ThroughlineCore

extension VectorRows {
  /// Rows that are scored at a time: few enough that they stay in the cache for the next query.
  private static let blockRows = 512

  /// For each query, at least the `limit` most similar rows, in no order; none for a query of another dimension.
  func nearest(
    to queries: [Embedding], limit: Int, certainty: SearchCertainty, scanner: any SimilarityScanner
  ) -> [[(row: Int, similarity: Float)]] {
    guard limit > 0, count > 0 else { return queries.map { _ in [] } }
    var searches = queries.map { query -> VectorSearch? in
      guard Self.width(forDimension: query.dimension) == width else { return nil }
      return VectorSearch(
        query, width: width, limit: min(limit, count), lowerLength: largestLowerLength, certainty: certainty)
    }
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.blockRows) { sums in
      sums.initialize(repeating: 0)
      for chunk in chunks.indices {
        for begin in stride(from: 0, to: chunks[chunk].scales.count, by: Self.blockRows) {
          let block = begin..<min(begin + Self.blockRows, chunks[chunk].scales.count)
          for place in searches.indices {
            guard let query = searches[place]?.query else { continue }
            scan(query.coarse, chunks[chunk].upper, block, sums, scanner)
            searches[place]?.take(
              UnsafeBufferPointer(sums), scales: chunks[chunk].scales, block: block,
              firstRow: chunk * Self.chunkRows)
          }
        }
      }
      return searches.map { search in
        guard let search else { return [] }
        let narrowed = narrow(search, sums: sums, scanner: scanner)
        switch certainty {
        case .certain: return finish(narrowed, search, result: sums, scanner: scanner)
        case .likely: return narrowed.map { ($0.row, $0.score) }
        }
      }
    }
  }

  /// Reads the lower halves of the rows that a search found, and keeps those that can still be among the best.
  private func narrow(
    _ search: VectorSearch, sums: UnsafeMutableBufferPointer<Int32>, scanner: any SimilarityScanner
  ) -> [VectorSearch.Candidate] {
    var best = SmallestFirst(limit: search.limit)
    var candidates = search.candidates
    var begin = 0
    while begin < candidates.count {
      let first = candidates[begin].row / Self.blockRows * Self.blockRows
      let end = candidates[begin...].firstIndex { $0.row >= first + Self.blockRows } ?? candidates.count
      let (chunk, place) = first.quotientAndRemainder(dividingBy: Self.chunkRows)
      let rows = min(Self.blockRows, chunks[chunk].scales.count - place)
      let lower = chunks[chunk].lower
      // One after the other is faster than here and there.
      let isDense = end - begin > rows / 8
      if isDense { scan(search.query.coarse, lower, place..<place + rows, sums, scanner) }
      for index in begin..<end {
        let row = candidates[index].row - first
        if !isDense { scan(search.query.coarse, lower, place + row..<place + row + 1, sums, scanner) }
        candidates[index].sum = 16 * candidates[index].sum - 136 * search.sum + sums[isDense ? row : 0]
        candidates[index].score =
          Float(candidates[index].sum) * chunks[chunk].scales[place + row] * search.query.scale
        best.offer(candidates[index].score)
      }
      begin = end
    }
    let floor = best.smallest - (search.certainty == .certain ? 2 * bound(of: search.query) : 0)
    return candidates.filter { $0.score >= floor }
  }

  /// How far a score by the first bytes can be off: |q.x - q1.x1| <= |q - q1| |x| + |q1| |x - x1|, and unit vectors have
  /// length 1.
  private func bound(of query: QuantizedVector) -> Float {
    query.leftover + (1 + query.leftover) * largestLeftover + 1e-5
  }

  /// Scores the candidates of a search in full.
  private func finish(
    _ candidates: [VectorSearch.Candidate], _ search: VectorSearch, result: UnsafeMutableBufferPointer<Int32>,
    scanner: any SimilarityScanner
  ) -> [(row: Int, similarity: Float)] {
    let bound = bound(of: search.query)
    let fineness = Double(QuantizedVector.fineness)
    let fineSum = search.query.fine.reduce(0) { $0 + Double($1) }
    var found: [(row: Int, similarity: Float)] = []
    var exact = SmallestFirst(limit: search.limit)
    for candidate in candidates.sorted(by: { $0.score > $1.score }) {
      // No later one can come up to the worst of those that are certain.
      if exact.isFull, candidate.score + bound < exact.smallest { break }
      let (chunk, place) = candidate.row.quotientAndRemainder(dividingBy: Self.chunkRows)
      func halves(_ halves: [UInt8]) -> Double {
        scan(search.query.fine, halves, place..<place + 1, result, scanner)
        return Double(result[0])
      }
      func bytes(_ vector: [Int8]) -> Double {
        scan(vector, chunks[chunk].fine, place..<place + 1, result, scanner)
        return Double(result[0])
      }
      let mixed =
        16 * halves(chunks[chunk].upper) + halves(chunks[chunk].lower) - 136 * fineSum
        + bytes(search.query.coarse)
      let sum = Double(candidate.sum) + mixed / fineness + bytes(search.query.fine) / fineness / fineness
      let similarity = Float(sum * Double(chunks[chunk].scales[place]) * Double(search.query.scale))
      exact.offer(similarity)
      found.append((candidate.row, similarity))
    }
    return found
  }

  private func scan(
    _ vector: [Int8], _ halves: [UInt8], _ rows: Range<Int>, _ sums: UnsafeMutableBufferPointer<Int32>,
    _ scanner: any SimilarityScanner
  ) {
    vector.withUnsafeBufferPointer { vector in
      halves.withUnsafeBufferPointer { halves in
        scanner.scanHalves(
          query: vector,
          rows: UnsafeBufferPointer(
            rebasing: halves[rows.lowerBound * width / 2..<rows.upperBound * width / 2]),
          results: UnsafeMutableBufferPointer(rebasing: sums[0..<rows.count]))
      }
    }
  }

  private func scan(
    _ vector: [Int8], _ bytes: [Int8], _ rows: Range<Int>, _ sums: UnsafeMutableBufferPointer<Int32>,
    _ scanner: any SimilarityScanner
  ) {
    vector.withUnsafeBufferPointer { vector in
      bytes.withUnsafeBufferPointer { bytes in
        scanner.scan(
          query: vector,
          rows: UnsafeBufferPointer(rebasing: bytes[rows.lowerBound * width..<rows.upperBound * width]),
          results: UnsafeMutableBufferPointer(rebasing: sums[0..<rows.count]))
      }
    }
  }
}
