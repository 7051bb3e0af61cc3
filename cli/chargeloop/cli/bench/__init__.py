"""The benchmark: how fast and how large the product is, as ratios to something bare on the same machine.

`measures` says what is measured and which figures are aimed at, one module each does the measuring, `load` is
the process that plays cabinets, gateway and courier platform from messages encoded beforehand, and `report`
shows what came out.
"""
