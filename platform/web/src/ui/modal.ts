/** Dialogs above the page, for whoever moves by keys: they begin in it, and go on where they were. */

/** Shows a dialog; what is returned, called when it has gone from the page, gives the focus back. */
export function showAbove(dialog: HTMLDialogElement): () => void {
  const before = document.activeElement
  dialog.showModal()
  return () => {
    if (before instanceof HTMLElement && before.isConnected) before.focus()
  }
}
