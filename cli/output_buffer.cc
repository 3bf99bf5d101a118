#include "cli/output_buffer.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/string_view.h"
#include "common/base/text.h"

namespace simclr::cli {
namespace {

constexpr std::size_t kEnough = 1 << 16;

// 0, or the errno of the write that failed.
int WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

OutputBuffer::~OutputBuffer() {
  Flush(waiting_.size());
}

OutputBuffer::int_type OutputBuffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char character = traits_type::to_char_type(c);
  return xsputn(&character, 1) == 1 ? c : traits_type::eof();
}

std::streamsize OutputBuffer::xsputn(const char* text, std::streamsize size) {
  waiting_.append(text, static_cast<std::size_t>(size));
  if (waiting_.size() >= kEnough) sync();
  return error_ == 0 ? size : 0;
}

int OutputBuffer::sync() {
  // The rest of a character may come with the next piece.
  return Flush(terminal_ ? CompleteUtf8(waiting_) : waiting_.size()) ? 0 : -1;
}

bool OutputBuffer::Flush(std::size_t bytes) {
  const absl::string_view text = absl::string_view(waiting_).substr(0, bytes);
  if (error_ == 0) error_ = WriteAll(fd_, terminal_ ? PrintableLines(text) : std::string(text));
  waiting_.erase(0, bytes);
  return error_ == 0;
}

}  // namespace simclr::cli
