#!/usr/bin/env python3
"""Writes a copy of one source of the coordinator that has the faults which can be put back: put_back.py SOURCE COPY.

Each fault is a text of the source and what stands in its place. A text that is not there exactly once fails the build,
so that no fault is silently gone."""
import pathlib
import sys

FAULTS = {
    # The inventory of a worker is not looked at, and what is decided is not checked before it is durable.
    "coordinator/edge/check_context.cc": [
        ("F1", "if (!seen.insert(slot.index()).second) {", "if (!seen.insert(slot.index()).second && !PUT_BACK) {"),
        ("F1", "if (slot.index() >= observed.slots_size()) {",
         "if (slot.index() >= observed.slots_size() && !PUT_BACK) {"),
    ],
    "coordinator/state/attempt_change.cc": [
        ("F1", "if (!holder.empty() || !change.slots.emplace(slot, record.job().id()).second) {",
         "if ((!holder.empty() || !change.slots.emplace(slot, record.job().id()).second) && !PUT_BACK) {"),
    ],
    "coordinator/policy/slot_pool.cc": [
        ("F1", "return a.view.index == b.view.index; }", "return a.view.index == b.view.index && !PUT_BACK; }"),
        # A slot that cannot be used counts as capacity that will come free.
        ("F4", "const bool sound = slot.view.usable && worker.intake != Intake::kClosed;\n    const bool usable",
         "const bool sound = (slot.view.usable || PUT_BACK) && worker.intake != Intake::kClosed;\n    const bool usable"),
        ("F4", "const bool free = open && slot.view.holder.empty();",
         "const bool free = open && slot.view.usable && slot.view.holder.empty();"),
        ("F4", "if (slot.usable() && PlaceOf(slot.view.device) == PlaceOf(device)) candidate",
         "if ((slot.usable() || PUT_BACK) && PlaceOf(slot.view.device) == PlaceOf(device)) candidate"),
    ],
    # After a restart of the coordinator the name is given to whoever comes first.
    "coordinator/policy/identity.cc": [
        ("F7", "  if (claim.incarnation > holder.incarnation) {",
         "  if (PUT_BACK && !same && !holder.in_session) return {NameVerdict::kRegisters, next};\n"
         "  if (claim.incarnation > holder.incarnation) {"),
    ],
    # A placement is known by its number alone.
    "coordinator/core/coordinator_workers.cc": [
        ("F17", "|| attempt.nonce() != placement.nonce) return false;",
         "|| (attempt.nonce() != placement.nonce && !PUT_BACK)) return false;"),
    ],
    # The state of an agent that comes last is taken for its newest.
    "coordinator/core/observations.cc": [
        ("F18", "observed.sequence() < before.sequence();",
         "observed.sequence() < before.sequence() && !PUT_BACK;"),
    ],
    # A checkpoint of an attempt that the database does not know is taken for rubbish.
    "coordinator/collect/plan.cc": [
        ("CollectsUnknown", "      plan_.unknown.push_back(path);\n    } else if (!rows.empty()) {",
         "      (PUT_BACK && entry.is_directory && name.has_value() ? plan_.remove : plan_.unknown).push_back(path);\n"
         "    } else if (!rows.empty()) {"),
    ],
    # After a restore files are removed before anybody adopted what is newer.
    "coordinator/collect/collector.cc": [
        ("CollectsTooEarly", "paths) {\n  if (options_.report_only) return absl::OkStatus();",
         "paths) {\n  if (options_.report_only && !PUT_BACK) return absl::OkStatus();"),
    ],
    # A job is deleted although an open one comes after it.
    "coordinator/core/deletion.cc": [
        ("DeletesNeeded", "= force ? std::set<std::string>()", "= force || PUT_BACK ? std::set<std::string>()"),
    ],
}


def main():
    source, copy = sys.argv[1:]
    name = next(name for name in FAULTS if source.endswith(name))
    text = pathlib.Path(source).read_text()
    for fault, sound, faulty in FAULTS[name]:
        if text.count(sound) != 1:
            sys.exit(f"{name}: '{sound}' is there {text.count(sound)} times; tell {fault} anew in tests/simulation/put_back.py")
        asked = f"::simclr::simulation::IsPutBack(::simclr::simulation::PutBack::k{fault})"
        text = text.replace(sound, faulty.replace("PUT_BACK", asked))
    pathlib.Path(copy).write_text('#include "tests/simulation/put_back.h"\n' + text)


if __name__ == "__main__":
    main()
