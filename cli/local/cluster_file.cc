#include "cli/local/cluster_file.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::cli {
namespace {

using google::protobuf::Struct;

absl::StatusOr<Struct> ReadJson(const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, PosixFileSystem().Read(path));
  Struct json;
  if (!google::protobuf::util::JsonStringToMessage(text, &json).ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no JSON object"));
  }
  return json;
}

std::string Text(const Struct& json, const std::string& field) {
  const auto found = json.fields().find(field);
  return found == json.fields().end() ? "" : found->second.string_value();
}

int Number(const Struct& json, const std::string& field) {
  const auto found = json.fields().find(field);
  return found == json.fields().end() ? 0 : static_cast<int>(found->second.number_value());
}

}  // namespace

absl::StatusOr<ClusterFile> LoadClusterFile(const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const Struct json, ReadJson(path));
  ClusterFile cluster;
  cluster.cluster_id = Text(json, "cluster_id");
  cluster.address = Text(json, "address");
  cluster.http = Text(json, "http");
  cluster.workers = Number(json, "workers");
  cluster.slots = Text(json, "slots");
  cluster.threads_per_slot = Number(json, "threads_per_slot");
  cluster.trainer = Text(json, "trainer");
  cluster.data_roots.clear();
  if (const auto roots = json.fields().find("data_roots"); roots != json.fields().end()) {
    for (const auto& root : roots->second.list_value().values())
      cluster.data_roots.push_back(root.string_value());
  }
  if (cluster.cluster_id.empty() || cluster.workers < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " does not describe a local cluster; choose another --dir"));
  }
  return cluster;
}

absl::Status SaveClusterFile(const std::string& path, const ClusterFile& cluster) {
  Struct json;
  auto& fields = *json.mutable_fields();
  fields["cluster_id"].set_string_value(cluster.cluster_id);
  fields["address"].set_string_value(cluster.address);
  fields["http"].set_string_value(cluster.http);
  fields["workers"].set_number_value(cluster.workers);
  fields["slots"].set_string_value(cluster.slots);
  fields["threads_per_slot"].set_number_value(cluster.threads_per_slot);
  fields["trainer"].set_string_value(cluster.trainer);
  auto& roots = *fields["data_roots"].mutable_list_value();
  for (const std::string& root : cluster.data_roots) roots.add_values()->set_string_value(root);
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(json, &text, options).ok()) {
    return absl::InternalError("cannot write a cluster as JSON");
  }
  return WriteAtomically(PosixFileSystem(), path, text);
}

absl::StatusOr<EndpointFile> LoadEndpointFile(const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const Struct json, ReadJson(path));
  EndpointFile endpoint{Text(json, "grpc"), Text(json, "http"), 0};
  const std::string incarnation = Text(json, "incarnation");
  if (!incarnation.empty() && !absl::SimpleAtoi(incarnation, &endpoint.incarnation)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no incarnation"));
  }
  return endpoint;
}

}  // namespace simclr::cli
