#include "engine/base/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "engine/base/torch_status.h"

namespace simclr::engine {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the format is little-endian and is copied as it is");

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kMaxDimensions = 16;

struct TypeName {
  const char* name;
  at::ScalarType type;
};
constexpr std::array<TypeName, 8> kTypes = {{{"F64", at::kDouble},
                                             {"F32", at::kFloat},
                                             {"F16", at::kHalf},
                                             {"BF16", at::kBFloat16},
                                             {"I64", at::kLong},
                                             {"I32", at::kInt},
                                             {"U8", at::kByte},
                                             {"BOOL", at::kBool}}};

const char* NameOf(at::ScalarType type) {
  for (const TypeName& known : kTypes) {
    if (known.type == type) return known.name;
  }
  TORCH_CHECK(false, "safetensors has no type for ", c10::toString(type));
}

// Where a tensor of the header lies in the data.
struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

absl::Status Bad(absl::string_view file, absl::string_view why) {
  return absl::DataLossError(absl::StrCat(file, " is not a valid safetensors file: ", why));
}

// nlohmann keeps the last of equal keys; here two tensors of one name are an error.
absl::StatusOr<json> ParseHeader(absl::string_view text, absl::string_view file) {
  std::set<std::string> names;
  std::string twice;
  const json::parser_callback_t note_names = [&](int depth, json::parse_event_t event, json& key) {
    if (event == json::parse_event_t::key && depth == 1 && !names.insert(key.get<std::string>()).second) {
      twice = key.get<std::string>();
    }
    return true;
  };
  json header = json::parse(text.begin(), text.end(), note_names, /*allow_exceptions=*/false);
  if (!header.is_object()) return Bad(file, "its header is not a JSON object");
  if (!twice.empty()) return Bad(file, absl::StrCat("tensor '", twice, "' appears twice"));
  return header;
}

// Bytes of a tensor, or nothing where the product does not fit: also for an empty tensor with huge other
// sides.
std::optional<std::uint64_t> ByteSize(const Entry& entry) {
  std::uint64_t bytes = c10::elementSize(entry.type);
  bool empty = false;
  for (const std::int64_t side : entry.shape) {
    empty |= side == 0;
    const std::uint64_t factor = std::max<std::int64_t>(side, 1);
    if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / factor)
      return std::nullopt;
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

bool IsListOfSizes(const json& list) {
  return list.is_array() && std::all_of(list.begin(), list.end(), [](const json& value) {
           return value.is_number_unsigned() &&
                  value.get<std::uint64_t>() <=
                      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
         });
}

absl::StatusOr<Entry> ParseEntry(const std::string& name, const json& value, absl::string_view file) {
  const auto bad = [&](absl::string_view why) {
    return Bad(file, absl::StrCat("tensor '", name, "' ", why));
  };
  if (!value.is_object()) return bad("is not described by an object");
  Entry entry;
  entry.name = name;
  const auto dtype = value.find("dtype"), shape = value.find("shape"), offsets = value.find("data_offsets");
  if (dtype == value.end() || !dtype->is_string()) return bad("has no dtype");
  const auto type =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& t) { return *dtype == t.name; });
  if (type == kTypes.end()) return bad(absl::StrCat("has the unsupported dtype ", dtype->get<std::string>()));
  entry.type = type->type;
  if (shape == value.end() || !IsListOfSizes(*shape)) return bad("has no valid shape");
  if (shape->size() > kMaxDimensions) return bad(absl::StrCat("has ", shape->size(), " dimensions"));
  entry.shape = shape->get<std::vector<std::int64_t>>();
  if (offsets == value.end() || !IsListOfSizes(*offsets) || offsets->size() != 2)
    return bad("has no data_offsets");
  entry.begin = (*offsets)[0].get<std::uint64_t>();
  entry.end = (*offsets)[1].get<std::uint64_t>();
  const std::optional<std::uint64_t> bytes = ByteSize(entry);
  if (!bytes || entry.end < entry.begin || entry.end - entry.begin != *bytes) {
    return bad(
        absl::StrCat("has data_offsets [", entry.begin, ", ", entry.end, ") that do not fit its shape"));
  }
  return entry;
}

absl::Status ParseMetadata(const json& value, absl::string_view file, SafetensorsFile& result) {
  if (!value.is_object()) return Bad(file, "__metadata__ is not an object");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return Bad(file, absl::StrCat("metadata '", key, "' is not a string"));
    result.metadata[key] = text.get<std::string>();
  }
  return absl::OkStatus();
}

// The tensors must cover the data exactly: no hole, no overlap, nothing past the end.
absl::Status CheckCover(std::vector<Entry>& entries, std::uint64_t data_bytes, absl::string_view file) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != expected) {
      return Bad(file, absl::StrCat("tensor '", entry.name, "' begins at byte ", entry.begin,
                                    " of the data, not at ", expected));
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    return Bad(file, absl::StrCat("its tensors take ", expected, " bytes, the file holds ", data_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<SafetensorsFile> Decode(absl::string_view bytes, absl::string_view file) {
  if (bytes.size() < kLengthBytes) return Bad(file, absl::StrCat("it has only ", bytes.size(), " bytes"));
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - kLengthBytes) {
    return Bad(file, absl::StrCat("its header of ", header_bytes, " bytes does not fit into ", bytes.size(),
                                  " bytes"));
  }
  SIMCLR_ASSIGN_OR_RETURN(const json header, ParseHeader(bytes.substr(kLengthBytes, header_bytes), file));
  const absl::string_view data = bytes.substr(kLengthBytes + header_bytes);

  SafetensorsFile result;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      SIMCLR_RETURN_IF_ERROR(ParseMetadata(value, file, result));
      continue;
    }
    SIMCLR_ASSIGN_OR_RETURN(Entry entry, ParseEntry(name, value, file));
    entries.push_back(std::move(entry));
  }
  SIMCLR_RETURN_IF_ERROR(CheckCover(entries, data.size(), file));
  for (const Entry& entry : entries) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.type));
    if (entry.end > entry.begin)
      std::memcpy(tensor.data_ptr(), data.data() + entry.begin, entry.end - entry.begin);
    result.tensors.push_back({entry.name, std::move(tensor)});
  }
  return result;
}

}  // namespace

std::string EncodeSafetensors(const SafetensorsFile& file) {
  NamedTensors ordered = file.tensors;
  std::stable_sort(ordered.begin(), ordered.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return a.tensor.element_size() > b.tensor.element_size();
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::size_t offset = 0;
  for (auto& [name, tensor] : ordered) {
    TORCH_CHECK(!header.contains(name), "safetensors: tensor '", name, "' appears twice");
    tensor = tensor.detach().cpu().contiguous();
    header[name] = {{"dtype", NameOf(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  const std::uint64_t header_bytes = text.size();
  std::string bytes(kLengthBytes, '\0');
  bytes.reserve(kLengthBytes + text.size() + offset);
  std::memcpy(bytes.data(), &header_bytes, kLengthBytes);
  bytes += text;
  for (const NamedTensor& item : ordered) {
    bytes.append(static_cast<const char*>(item.tensor.const_data_ptr()), item.tensor.nbytes());
  }
  return bytes;
}

absl::StatusOr<SafetensorsFile> DecodeSafetensors(absl::string_view bytes,
                                                  absl::string_view name_for_errors) {
  absl::StatusOr<SafetensorsFile> result = absl::UnknownError("not decoded");
  SIMCLR_RETURN_IF_ERROR(CatchTorch(absl::StrCat("reading ", name_for_errors), [&] {
    result = Decode(bytes, name_for_errors);
    return absl::OkStatus();
  }));
  return result;
}

absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string bytes, PosixFileSystem().Read(path));
  return DecodeSafetensors(bytes, path);
}

absl::Status WriteSafetensors(const std::string& path, const SafetensorsFile& file) {
  return CatchTorch(absl::StrCat("writing ", path),
                    [&] { return WriteAtomically(PosixFileSystem(), path, EncodeSafetensors(file)); });
}

}  // namespace simclr::engine
