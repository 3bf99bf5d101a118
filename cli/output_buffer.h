#pragma once

#include <streambuf>
#include <string>

namespace simclr::cli {

// What stands behind the stream of standard output: writes to a descriptor, and remembers the first write
// that failed. On a terminal, control characters other than line feed and tab are escaped, and what is not
// UTF-8: a log must not move the cursor. Files and pipes get the bytes as they are. Not thread-safe.
class OutputBuffer : public std::streambuf {
 public:
  OutputBuffer(int fd, bool terminal) : fd_(fd), terminal_(terminal) {}
  // Writes what is left.
  ~OutputBuffer() override;

  int error() const { return error_; }  // errno of the first write that failed, else 0

 private:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;
  bool Flush(std::size_t bytes);  // the first of what waits

  const int fd_;
  const bool terminal_;
  std::string waiting_;
  int error_ = 0;
};

}  // namespace simclr::cli
