"""Methods of Mastodon.py that no test of ours calls, each with the reason."""

from __future__ import annotations

LEFT_OUT: dict[str, str] = {
    "get_approx_server_time": "it reads the Date header of the front page, which is no operation",
    "oauth_userinfo": "the library asks over https alone; tests/api/test_oauth.py asks by hand",
    "reports": "members cannot list reports since Mastodon 2.5; moderators have admin_reports",
    "annual_report_generate": "no year is ever offered to be reported on here",
    "annual_report_read": "no year is ever offered to be reported on here",
    "await_async_refresh": "nothing is fetched from elsewhere; get_async_refresh_status is called",
    "stream_open_websocket": "it needs one more package; tests/api/streaming open sockets by hand",
}
