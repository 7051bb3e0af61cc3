"""Lets child processes be started as `python -m chargeloop.cli`, whatever PATH says."""

from chargeloop.cli.start import main

if __name__ == "__main__":
    main()
