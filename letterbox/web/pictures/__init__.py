"""Pictures from other people's servers, fetched by us so that readers stay unseen.

addresses   which network addresses may be asked at all
fetching    one picture over HTTP, within limits
links       signed addresses of pictures, bound to a letter and its reader
"""
