#include "registry/adapters/watch_body.h"

namespace dmp::registry {
namespace {

using concurrency::streams::details::streambuf_state_manager;

// Only _getn is ever asked for; the rest says that it cannot be done.
class StreamBuffer final : public streambuf_state_manager<std::uint8_t> {
 public:
  explicit StreamBuffer(std::shared_ptr<api::Stream> stream)
      : streambuf_state_manager<std::uint8_t>(std::ios_base::in), stream_(std::move(stream)) {}

 protected:
  using Base = streambuf_state_manager<std::uint8_t>;

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  Base::pos_type getpos(std::ios_base::openmode) const override { return nowhere(); }
  Base::pos_type seekpos(Base::pos_type, std::ios_base::openmode) override { return nowhere(); }
  Base::pos_type seekoff(Base::off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return nowhere();
  }
  bool acquire(std::uint8_t*&, std::size_t&) override { return false; }
  void release(std::uint8_t*, std::size_t) override {}

  pplx::task<int_type> _putc(std::uint8_t) override { return none(); }
  pplx::task<std::size_t> _putn(const std::uint8_t*, std::size_t) override {
    return pplx::task_from_result<std::size_t>(0);
  }
  pplx::task<int_type> _bumpc() override { return none(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return none(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return none(); }
  pplx::task<int_type> _ungetc() override { return none(); }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}

  // 0 bytes are the end of the body.
  pplx::task<std::size_t> _getn(std::uint8_t* to, std::size_t bytes) override {
    pplx::task_completion_event<std::size_t> done;
    take(reinterpret_cast<char*>(to), bytes, done);
    return pplx::create_task(done);
  }

 private:
  static Base::pos_type nowhere() { return static_cast<Base::pos_type>(traits::eof()); }
  static pplx::task<int_type> none() { return pplx::task_from_result<int_type>(traits::eof()); }

  void take(char* to, std::size_t bytes, const pplx::task_completion_event<std::size_t>& done) {
    const auto again = [self = std::static_pointer_cast<StreamBuffer>(shared_from_this()), to,
                        bytes, done] { self->take(to, bytes, done); };
    const auto piece = stream_->take(to, bytes, again);
    if (piece.bytes > 0 || piece.end) done.set(piece.bytes);
  }

  const std::shared_ptr<api::Stream> stream_;
};

}  // namespace

concurrency::streams::istream body_of(std::shared_ptr<api::Stream> stream) {
  const auto buffer = std::make_shared<StreamBuffer>(std::move(stream));
  return concurrency::streams::streambuf<std::uint8_t>(buffer).create_istream();
}

}  // namespace dmp::registry
