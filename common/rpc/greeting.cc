#include "common/rpc/greeting.h"

#include "absl/strings/match.h"

namespace simclr {
namespace {

constexpr absl::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static_assert(kPreface.size() == kGreetingBytes);

constexpr absl::string_view kHandshakeRecord = "\x16\x03";  // of any version of TLS
constexpr std::size_t kRecordHeadBytes = 5;
constexpr std::size_t kMaxRecordBytes = 1 << 14;

Greeting JudgeHello(absl::string_view start, std::size_t available) {
  if (!absl::StartsWith(start, kHandshakeRecord.substr(0, start.size()))) return Greeting::kForeign;
  if (start.size() < kRecordHeadBytes) return Greeting::kUnfinished;
  const auto byte = [start](std::size_t at) { return std::size_t{static_cast<unsigned char>(start[at])}; };
  const std::size_t record = (byte(3) << 8) | byte(4);
  if (record == 0 || record > kMaxRecordBytes) return Greeting::kForeign;
  return available >= kRecordHeadBytes + record ? Greeting::kWhole : Greeting::kUnfinished;
}

}  // namespace

Greeting JudgeGreeting(absl::string_view start, std::size_t available, bool tls) {
  if (tls) return JudgeHello(start, available);
  if (!absl::StartsWith(kPreface, start)) return Greeting::kForeign;
  return start.size() == kPreface.size() ? Greeting::kWhole : Greeting::kUnfinished;
}

}  // namespace simclr
