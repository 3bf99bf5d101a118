"""No program that users run has a fault that can be put back: programs_are_sound.py SIMULATION PROGRAMS..."""
import pathlib
import sys

MARK = b"IsPutBack"  # in the name of the function that the copies ask

simulation, *programs = map(pathlib.Path, sys.argv[1:])
if MARK not in simulation.read_bytes():
    sys.exit(f"{simulation} does not hold the mark; this test would find nothing")
marked = [str(program) for program in programs if MARK in program.read_bytes()]
if marked:
    sys.exit("faults that can be put back are in " + ", ".join(marked))
