/** The scale beside a chart's bars. */

/** Returns a round number that is not less. */
function roundUp(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const whole = [1, 2, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10
  return whole * power
}

/** Returns where lines are drawn for values up to that: at nothing, the half and the whole; things that are counted have no halves. */
export function scaleOf(most: number, counted: boolean): readonly number[] {
  const whole = roundUp(most)
  return [0, whole / 2, whole].filter((value) => !counted || Number.isInteger(value))
}
