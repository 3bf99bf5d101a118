"""The chart rendered with every set of values in cases.py, once a test program."""

import functools

import chart
from cases import CASES
from chart import the

# title -> (all values, objects)
RENDERED = {
    title: (chart.merged(chart.default_values(), values), chart.render(values, *flags))
    for title, (values, flags) in CASES.items()
}


def every_case(test):
    """Calls a test method with (values, objects) of each case, as a subtest named by the case."""

    @functools.wraps(test)
    def run(self):
        for title, (values, found) in RENDERED.items():
            with self.subTest(title):
                test(self, values, found)

    return run


def container_of(found, component):
    """The one container of the coordinator's or the workers' pods."""
    (container,) = the(found, "StatefulSet", f"-{component}")["spec"]["template"]["spec"]["containers"]
    return container
