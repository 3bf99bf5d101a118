#pragma once

#include <string>

#include "engine/config/job_config.h"

namespace simclr::engine {

// The words of the job file. Pure.
const char* Word(JobKind kind);
const char* Word(Interpolation interpolation);
const char* Word(NormKind kind);
const char* Word(Stem stem);
const char* Word(HeadKind kind);
const char* Word(OptimizerKind kind);
const char* Word(LrScaling scaling);
const char* Word(LrScheduleKind kind);
const char* Word(PrecisionChoice choice);
const char* Word(LinearEvalMode mode);

// Every field that decides what is computed, one "section.field=value" a line in a fixed order: two jobs with
// equal text train the same weights, so a checkpoint keeps it and is resumed only under an equal one. Left
// out is what may change between attempts: the job's name, cache and loader threads, bad-image limit,
// checkpoint intervals, the other kind's sections. Numbers are printed so that they read back exactly. Pure.
std::string DescribeConfig(const JobConfig& config);

// The first line that differs, as "train.seed is 2, not 1" (`actual` before `expected`); empty for equal
// texts. Pure.
std::string FirstDifference(const std::string& actual, const std::string& expected);

}  // namespace simclr::engine
