/** The connection to the broker, away from the page. */

import { dial } from '../../device/wire'
import { type FromWorker, Hearing, type ToWorker } from './hearing'

const port = self as unknown as {
  postMessage(message: FromWorker, transfer: Transferable[]): void
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null
}
const hearing = new Hearing((message, transfer = []) => port.postMessage(message, transfer), dial)
port.onmessage = ({ data }) => hearing.take(data)
