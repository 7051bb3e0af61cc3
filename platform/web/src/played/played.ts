/** Whether the city is a played one, with simulated cabinets and people: the address that a demo prints says so. */

const NAME = 'chargeloop-played'

export function isPlayed(): boolean {
  const asked = new URLSearchParams(location.search).has('demo')
  if (asked) sessionStorage.setItem(NAME, 'yes')
  return asked || sessionStorage.getItem(NAME) === 'yes'
}
