#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/config/job_config.h"

namespace simclr::engine {

// One number a draw, by the label that the oracle's statistics have.
using Samples = std::map<std::string, std::vector<double>>;

// `count` crops of a height x width image.
Samples CropSamples(const AugmentConfig& config, int height, int width, int count);

// The parameters of view `view` of `count` images; factors by the name of their operation, "order" as the
// number of the permutation (0 to 23), probabilities as 0 or 1.
Samples ParameterSamples(const AugmentConfig& config, int view, int count);

double Mean(const std::vector<double>& values);
double Correlation(const std::vector<double>& a, const std::vector<double>& b);
// Against equal shares of `categories` categories.
double ChiSquare(const std::vector<double>& values, int categories);
// Against the uniform distribution on [low, high].
double KolmogorovSmirnov(std::vector<double> values, double low, double high);

}  // namespace simclr::engine
