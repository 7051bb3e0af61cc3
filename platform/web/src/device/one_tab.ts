/** One page at a time speaks for an account in this browser; the newest has it. */

const NAME = (account: string) => `chargeloop-speaks-for-${account}`

/** Takes over from any other page; `lost` is called when another one takes over from this. */
export function takeOver(account: string, lost: () => void): void {
  navigator.locks
    .request(NAME(account), { steal: true }, () => new Promise<never>(() => undefined))
    .catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') lost()
      else throw error
    })
}
