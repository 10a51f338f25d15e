// Squarified treemap (Bruls, Huizing, van Wijk 2000): boxes whose areas are as the
// values and that are near to squares.
export type Box = { at: number; x: number; y: number; w: number; h: number };

// treemap lays out values, the largest first, in a box of w by h. at is the place
// in values.
export function treemap(values: readonly number[], w: number, h: number): Box[] {
  const sum = values.reduce((a, b) => a + b, 0);
  if (sum <= 0 || w <= 0 || h <= 0) return [];
  const boxes: Box[] = [];
  let x = 0, y = 0, from = 0;
  const area = (i: number) => (values[i]! / sum) * w0 * h0;
  const w0 = w, h0 = h;
  while (from < values.length && values[from]! > 0) {
    const side = Math.min(w, h);
    let to = from + 1, row = area(from);
    // A row takes one more as long as that makes its worst box no longer.
    while (to < values.length && values[to]! > 0 && worst(row + area(to), area(from), area(to), side) <= worst(row, area(from), area(to - 1), side)) row += area(to++);
    const depth = row / side;
    let along = 0;
    for (let i = from; i < to; i++) {
      const length = area(i) / depth;
      boxes.push(w >= h ? { at: i, x, y: y + along, w: depth, h: length } : { at: i, x: x + along, y, w: length, h: depth });
      along += length;
    }
    if (w >= h) { x += depth; w -= depth; } else { y += depth; h -= depth; }
    from = to;
  }
  return boxes;
}

// worst is the greatest ratio of sides in a row with this area, largest and least.
function worst(row: number, largest: number, least: number, side: number): number {
  return Math.max((side * side * largest) / (row * row), (row * row) / (side * side * least));
}
