#pragma once

#include <string>
#include <vector>

namespace simclr::coordinator {

// A limit of the service that is no bound of a message's field.
struct Limit {
  const char* name;
  std::string value;
  const char* flag;    // that changes it; empty: none
  const char* beyond;  // what happens
};

// Every one, with the values that the code has.
std::vector<Limit> Limits();

// docs/limits.md below its heading: Limits and the bounds of messages.
std::string LimitsReference();

}  // namespace simclr::coordinator
